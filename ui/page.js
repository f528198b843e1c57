// What the patron page needs beyond Gradio: citations that open their source, copying, and the
// announcements and focus that a keyboard or a screen reader depends on, and, on a computer that patrons
// share, the end of a session. Nothing is kept, nothing is asked for.
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
    } else if (event.target.closest("#end")) {
      leave();
    } else if (event.target.closest("button.example, #new, #stop, #cancel-feedback")) {
      // The button goes away; focus must not go with it.
      toQuestion();
    }
  });

  // A shared computer: a session ends by its button, or when nobody is there to answer.

  const page = document.documentElement;
  let leaving = false;

  // The button's own handler clears what the server has; then the page is opened anew in its own place, so
  // that neither the back button nor the browser's memory of the page has anything to show.
  function leave() {
    if (leaving) return;
    leaving = true;
    page.classList.add("ended");
    const started = Date.now();
    const wait = setInterval(() => {
      const done = find("#status .md")?.textContent.startsWith("Session ended");
      if (!done && Date.now() - started < 3000) return;
      clearInterval(wait);
      location.replace("./");
    }, 50);
  }

  function isUntouched() {
    const written = [...document.querySelectorAll("gradio-app textarea, gradio-app input")];
    return !find(".turn") && !written.some((box) => box.checked || (box.type !== "checkbox" && box.value));
  }

  function guardSession() {
    const minutes = Number(find('meta[name="reading-room-idle"]')?.content) || 5;
    const patience = minutes * 60000;
    const notice = Math.min(60000, patience / 2);
    let active = Date.now();
    const warning = document.createElement("dialog");
    warning.id = "idle";
    warning.setAttribute("role", "alertdialog");
    warning.setAttribute("aria-labelledby", "idle-title");
    warning.setAttribute("aria-describedby", "idle-words");
    const title = document.createElement("h2");
    title.id = "idle-title";
    title.textContent = "Are you still here?";
    const words = document.createElement("p");
    words.id = "idle-words";
    const stay = document.createElement("button");
    stay.type = "button";
    stay.id = "stay";
    stay.textContent = "Yes, go on";
    const go = document.createElement("button");
    go.type = "button";
    go.textContent = "End session";
    warning.append(title, words, stay, go);
    document.body.append(warning);

    const settle = () => {
      active = Date.now();
      if (warning.open) warning.close();
      toQuestion();
    };
    stay.addEventListener("click", settle);
    warning.addEventListener("cancel", (event) => {
      event.preventDefault();
      settle();
    });
    go.addEventListener("click", () => find("#end").click());

    for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      addEventListener(
        moved,
        () => {
          if (!warning.open) active = Date.now();
        },
        { passive: true, capture: true },
      );
    }

    setInterval(() => {
      if (leaving) return;
      if (!warning.open && (isUntouched() || find("#stop"))) active = Date.now();
      const left = active + patience - Date.now();
      if (left <= 0) {
        if (warning.open) warning.close();
        find("#end").click();
      } else if (left <= notice) {
        const seconds = Math.ceil(left / 1000);
        if (!warning.open) {
          // Read out once, as it opens; the seconds after that are only for the eye.
          words.textContent = `Nobody has pressed a key for a while. This session ends in ${seconds} seconds.`;
          warning.showModal();
          stay.focus();
        } else {
          words.textContent = words.textContent.replace(/in \d+ second.*/, `in ${seconds} seconds.`);
        }
      }
    }, 250);

    addEventListener("pagehide", () => page.classList.add("ended"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.replace("./");
    });
  }

  let answered = "";
  let shared = false;
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

    const box = find("#agree input");
    if (box && find("#agreement-words")) box.setAttribute("aria-describedby", "agreement-words");
    const told = find("#agreement-note .md")?.textContent.trim() ?? "";
    if (told !== answered) {
      answered = told;
      announce(told);
    }
    if (!shared && find("#end")) {
      shared = true;
      guardSession();
    }

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
