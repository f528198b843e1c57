// What the patron page needs beyond Gradio: citations that open their source, copying, and the
// announcements and focus that a keyboard or a screen reader depends on. No state, no requests.
(() => {
  "use strict";

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const find = (selector) => document.querySelector(selector);
  const scrollTo = (element, block) =>
    element.scrollIntoView({ block, behavior: still.matches ? "auto" : "smooth" });

  // The status line outlives its contents, so that changes in it are announced.
  const live = document.createElement("div");
  live.className = "unseen";
  live.id = "announcer";
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  document.body.append(live);

  function announce(text) {
    if (text && text !== live.textContent) live.textContent = text;
  }

  function openSource(id) {
    const source = document.getElementById(id);
    if (!source) return;
    const list = source.closest("details.more");
    if (list) list.open = true;
    source.open = true;
    const summary = source.querySelector("summary");
    summary.focus({ preventScroll: true });
    scrollTo(source, "nearest");
  }

  function copyByHand(text) {
    // Where the page is served over plain http, browsers keep the clipboard API away.
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copyCitation(button) {
    const text = button.closest(".card").querySelector(".citation").textContent;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = copyByHand(text);
      button.focus();
    }
    const said = done ? "Copied" : "Please copy it by hand";
    button.textContent = said;
    announce(done ? "Citation copied." : "The citation could not be copied.");
    setTimeout(() => (button.textContent = "Copy citation"), 2500);
  }

  function toQuestion() {
    find("#question textarea")?.focus();
  }

  document.addEventListener("click", (event) => {
    const cite = event.target.closest("a.cite");
    if (cite) {
      event.preventDefault();
      openSource(cite.hash.slice(1));
    } else if (event.target.closest("button.copy")) {
      copyCitation(event.target.closest("button.copy"));
    } else if (event.target.closest("a.skip")) {
      event.preventDefault();
      toQuestion();
    } else if (event.target.closest("button.example, #new, #stop, #cancel-feedback")) {
      // The button goes away; focus must not go with it.
      toQuestion();
    }
  });

  let turn = "";
  let said = "";
  let pinned = false;

  // A new question stays at the top of the window while its answer grows, until its reader scrolls.
  for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(moved, () => (pinned = false), { passive: true, capture: true });
  }

  function pin() {
    const newest = find("#present .turn");
    if (newest && newest.id !== turn) pinned = true;
    turn = newest ? newest.id : "";
    if (newest && pinned) newest.scrollIntoView({ block: "start" });
  }

  function look() {
    const status = find("#status .md")?.textContent.trim() ?? "";
    if (status !== said) {
      said = status;
      announce(status);
    }
    pin();

    const scope = find("#scope > button.label-wrap");
    scope?.setAttribute("aria-expanded", String(scope.classList.contains("open")));

    // Gradio's groups of boxes are fieldsets without a legend.
    for (const group of document.querySelectorAll("fieldset:not([aria-label])")) {
      const label = group.querySelector('[data-testid="block-info"]')?.textContent.trim();
      if (label) group.setAttribute("aria-label", label);
    }
    for (const year of document.querySelectorAll("#years input, #years textarea")) year.inputMode = "numeric";

    const note = find("#feedback-note .md p");
    if (note && note.tabIndex !== -1) {
      note.tabIndex = -1;
      if (document.activeElement === document.body) note.focus();
      announce(note.textContent);
    }
  }

  new MutationObserver(look).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: ["class"],
  });
})();
