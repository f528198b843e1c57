// What the desk adds where scripts run: one-key actions, focus where the work goes on, and results said
// aloud. No state, no requests; every page does all of it without this file too.
(() => {
  "use strict";

  const announcer = document.getElementById("announcer");

  // A live region that is full from the start is not announced; one that is filled later is.
  const said = document.querySelector("[data-said]");
  if (said) setTimeout(() => (announcer.textContent = said.textContent), 150);

  const wanted = document.querySelector("[data-focus]");
  if (wanted && !location.hash) wanted.focus({ preventScroll: false });

  function isTyping(target) {
    return (
      target instanceof Element &&
      target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")
    );
  }

  function press(element) {
    const details = element.closest("summary")?.parentElement;
    if (details instanceof HTMLDetailsElement) {
      details.open = true;
      (details.querySelector("textarea, input:not([type=hidden]), select") ?? element).focus();
      return;
    }
    element.focus();
    element.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.isComposing) return;
    const form = event.target instanceof Element ? event.target.closest("form") : null;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form && isTyping(event.target)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button.main, button"));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const details = event.target instanceof Element ? event.target.closest("details[open]") : null;
      if (details) {
        details.open = false;
        details.querySelector("summary").focus();
      }
      return;
    }
    if (isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    // Among choices, arrows do what they do everywhere.
    if (key.startsWith("arrow") && event.target instanceof Element && event.target.matches("[type=radio]")) return;
    const element = [...document.querySelectorAll("[data-key], [data-also]")].find(
      (one) => one.dataset.key === key || one.dataset.also === key,
    );
    if (!element) return;
    event.preventDefault();
    press(element);
  });

  // A form that is on its way is not sent twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    announcer.textContent = "Sending";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // What was typed and not sent is not lost by leaving in haste.
  let changed = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-keep]")) changed = true;
  });
  document.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });

  // Pages that wait for something look again by themselves, but never while somebody has gone into the page
  // with the keyboard or types; the address says so without this too.
  const waiting = document.querySelector("[data-again]");
  if (waiting) {
    setInterval(() => {
      if (document.activeElement === document.body && !changed) location.reload();
    }, 1000 * Number(waiting.dataset.again));
  }
})();
