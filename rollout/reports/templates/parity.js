// Searches and folds the groups; without it the page says the same.
(() => {
  "use strict";
  const groups = [...document.querySelectorAll("details.group")];
  const texts = groups.map((each) => each.textContent.toLowerCase());
  const by = (id) => document.getElementById(id);
  if (!groups.length) return;
  by("tools").hidden = false;
  by("search").addEventListener("input", () => {
    const wanted = by("search").value.trim().toLowerCase();
    let found = 0;
    groups.forEach((each, at) => {
      each.hidden = !texts[at].includes(wanted);
      found += !each.hidden;
    });
    by("found").textContent = wanted ? `${found} of ${groups.length} groups` : "";
  });
  const all = (open) => groups.forEach((each) => { each.open = open; });
  by("open").addEventListener("click", () => all(true));
  by("fold").addEventListener("click", () => all(false));
})();
