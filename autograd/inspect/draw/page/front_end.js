// What surrounds the page: the theme of a front end, and the frame in a notebook.

// Whether a front end with a theme of its own is dark; undefined elsewhere.
function themeOf(page) {
  const { jpThemeLight, vscodeThemeKind } = page.body.dataset; // JupyterLab and VS Code
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return !vscodeThemeKind.endsWith("light");
  const colab = page.documentElement.getAttribute("theme");
  return colab ? colab === "dark" : undefined;
}

export function followTheme(root) {
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const pages = window.frameElement ? [document, window.frameElement.ownerDocument] : [document];
  const update = () => {
    const dark = pages.map(themeOf).find((known) => known !== undefined) ?? media.matches;
    root.classList.toggle("dark", dark);
    if (pages.length > 1) document.documentElement.style.colorScheme = dark ? "dark" : "light"; // of the frame's corners
  };
  update();
  media.addEventListener("change", update);
  const observer = new MutationObserver(update);
  const names = ["data-jp-theme-light", "data-vscode-theme-kind", "theme"];
  for (const element of pages.flatMap((page) => [page.body, page.documentElement])) {
    observer.observe(element, { attributes: true, attributeFilter: names });
  }
  return () => { media.removeEventListener("change", update); observer.disconnect(); };
}

// In a notebook the frame is as high as the page, and replaces the picture beside it, which is for those without frames.
export function fillFrame(root) {
  const frame = window.frameElement;
  if (!frame) return;
  frame.nextElementSibling?.remove();
  document.querySelector("h1")?.remove();
  document.body.style.cssText = "margin:0;background:none";
  root.style.setProperty("--tallest", "440px"); // the height of the window is that of the frame
  new ResizeObserver(() => { frame.style.height = `${root.offsetHeight}px`; }).observe(root);
}
