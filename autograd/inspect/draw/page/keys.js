// The keys that move a page from step to step.

// page: has root, ownsPage, at, last, go() and closers; toggle: plays or pauses.
export function addKeys(page, toggle) {
  const keys = {
    ArrowRight: () => page.go(page.at + 1), ArrowLeft: () => page.go(page.at - 1),
    Home: () => page.go(0), End: () => page.go(page.last), " ": toggle,
  };
  const onKey = (event) => {
    const tag = event.target.tagName;
    const busy = tag === "SELECT" || tag === "INPUT" || (tag === "BUTTON" && event.key === " ");
    if (busy || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has meanings of its own for these keys
    keys[event.key]();
  };
  const listener = page.ownsPage ? document : page.root;
  listener.addEventListener("keydown", onKey);
  page.closers.push(() => listener.removeEventListener("keydown", onKey));
}
