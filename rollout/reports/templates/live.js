// Fetches the page again and puts what changed in its place; focus, open details and scrolling stay.
(() => {
  "use strict";
  const said = document.getElementById("said");
  let tag = null, timer = null;
  const main = () => document.getElementById("content");
  const words = () => ["state", "ramp"].map((id) => document.getElementById(id)?.textContent.trim()).join(" ");
  const say = (text, lost = false) => {  // what is on the page already is for the ear alone
    said.className = lost ? "bad" : "ear";
    if (said.textContent !== text) said.textContent = text;
  };
  const put = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("content");
    if (!fresh) return;
    const before = words(), focused = document.activeElement?.id;
    const regions = [...main().querySelectorAll(".scroll")].map((each) => [each.scrollLeft, each === document.activeElement]);
    for (const each of main().querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(each.id));
      if (same) same.open = true;
    }
    const link = document.activeElement?.getAttribute?.("href");
    main().replaceWith(fresh);
    [...fresh.querySelectorAll(".scroll")].forEach((each, at) => {
      if (!regions[at]) return;
      each.scrollLeft = regions[at][0];
      if (regions[at][1]) each.focus({ preventScroll: true });
    });
    if (document.activeElement === document.body) {
      const again = focused ? document.getElementById(focused)
        : link ? fresh.querySelector(`a[href="${CSS.escape(link)}"]`) : null;
      again?.focus({ preventScroll: true });
    }
    if (words() !== before) say(words());
  };
  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        put(await answer.text());
      } else if (answer.status !== 304) {
        throw new Error(answer.status);
      }
      if (said.className === "bad") say("Connected again.");
    } catch {
      say("The dashboard can't be reached; it may have ended. This page shows earlier data.", true);
    }
    next();
  };
  const next = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, 1000 * Number(main().dataset.every));
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  next();
})();
