// Players: each gets the height of what is in it, and looks like a part of the page. (Pages that were opened as files may
// not look into each other; then the height is that of site.css.)
for (const frame of document.querySelectorAll("iframe.player")) {
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument?.body;
    if (!inside) return;
    inside.style.cssText = "margin:0;background:none";
    inside.querySelector("h1")?.remove();
    new ResizeObserver(() => { frame.style.height = `${inside.scrollHeight + 2}px`; }).observe(inside);
  });
}

// Search: Sphinx shows the pages that have every word of a query, so a question in plain words finds nothing. Here a page
// counts for each word that it has: the more, the fewer pages have the word, and thrice in a title.
const HOW_MUCH_A_PAGE_COUNTS = [
  [/^(how_to|start|coming_from)\//, 1.5], [/^questions$/, 0.8], [/^(benchmarks|changelog|contributing|architecture)$/, 0.6],
];

const ASKING = new Set(["how", "do", "doe", "what", "where", "why", "which", "can", "my", "me", "find", "get", "make", "use", "out", "come"]);

function filesWith(word, table) {
  const similar = (name) => Math.min(name.length, word.length) > 3 && (name.startsWith(word) || word.startsWith(name));
  const names = Object.hasOwn(table, word) ? [word] : Object.keys(table).filter(similar);
  return new Set(names.flatMap((name) => table[name]));
}

function rankedPages(words) {
  const { terms, titleterms, docnames, titles, filenames } = Search._index;
  const scores = new Map();
  for (const word of [...words].filter((word) => !ASKING.has(word))) {
    const inTitle = filesWith(word, titleterms);
    const files = filesWith(word, terms).union(inTitle);
    const worth = Math.log(docnames.length / files.size);
    for (const file of files) scores.set(file, (scores.get(file) ?? 0) + worth * (inTitle.has(file) ? 3 : 1));
  }
  const results = [...scores].map(([file, score]) => {
    const [, factor] = HOW_MUCH_A_PAGE_COUNTS.find(([name]) => name.test(docnames[file])) ?? [null, 1];
    return [docnames[file], titles[file], "", null, score * factor, filenames[file], SearchResultKind.text];
  });
  const best = Math.max(...results.map((result) => result[4]));
  return results.filter((result) => result[4] > best / 3);
}

if (typeof Search !== "undefined") Search.performTermsSearch = rankedPages;
