/* What is shown once leaves with its page: a browser that keeps pages for "back" must not bring it again. */
export function start() {
  addEventListener("pagehide", () => {
    for (const shown of document.querySelectorAll("[data-once]")) shown.replaceChildren();
  });
}
