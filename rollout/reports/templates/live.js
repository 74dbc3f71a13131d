// Fetches the page again and puts the parts that changed in their places; focus, open details and scrolling stay.
(() => {
  "use strict";
  const said = document.getElementById("said"), main = document.getElementById("content");
  let tag = null, timer = null;
  const parts = (from) => new Map([...from.children].map((each, at) => [each.id || at, each.outerHTML]));
  let known = parts(main);  // as sent, since charts change what is shown
  const words = () => ["state", "next", "ramp"].map((id) => document.getElementById(id)?.textContent.trim()).join(" ");
  const say = (text, lost = false) => {  // what is on the page already is for the ear alone
    said.className = lost ? "bad" : "ear";
    if (said.textContent !== text) said.textContent = text;
  };
  const replace = (old, fresh) => {
    const regions = [...old.querySelectorAll(".scroll")].map((each) => [each.scrollLeft, each === document.activeElement]);
    for (const each of old.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(each.id));
      if (same) same.open = true;
    }
    old.replaceWith(fresh);
    [...fresh.querySelectorAll(".scroll")].forEach((each, at) => {
      if (!regions[at]) return;
      each.scrollLeft = regions[at][0];
      if (regions[at][1]) each.focus({ preventScroll: true });
    });
  };
  const put = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html"), fresh = page.getElementById("content");
    if (!fresh) return;
    const before = words(), focused = document.activeElement, id = focused?.id, link = focused?.getAttribute?.("href");
    const sent = parts(fresh), old = [...main.children], isAlike = `${[...sent.keys()]}` === `${[...known.keys()]}`;
    if (isAlike) {
      [...fresh.children].forEach((each, at) => known.get(each.id || at) !== each.outerHTML && replace(old[at], each));
    } else {
      main.replaceChildren(...fresh.children);
    }
    known = sent;
    main.dataset.every = fresh.dataset.every;
    document.title = page.title;
    document.dispatchEvent(new Event("replaced"));
    if (document.activeElement === document.body) {
      const again = id ? document.getElementById(id) : link ? main.querySelector(`a[href="${CSS.escape(link)}"]`) : null;
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
    if (!document.hidden) timer = setTimeout(look, 1000 * Number(main.dataset.every));
  };
  const later = document.getElementById("later")?.content.cloneNode(true);
  if (later) requestAnimationFrame(() => setTimeout(() => {  // the page is painted before its charts move
    for (const each of later.children) each.async = false;
    document.head.append(later);
  }));
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  next();
})();
