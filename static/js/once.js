/* A secret leaves with its page: a browser that caches pages for "back" must not display it again. */
export function start() {
  addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll("[data-once]")) secret.replaceChildren();
  });
}
