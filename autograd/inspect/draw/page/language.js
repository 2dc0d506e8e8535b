// The language of the page. All that is not a number, a name or a formula is said with templates, by their keys.

const REMEMBERED = "seegrad-language";

// What the reader chose the last time; null where the browser keeps nothing, as in a frame of a notebook.
function remembered() {
  try { return localStorage.getItem(REMEMBERED); } catch { return null; }
}

function remember(lang) {
  try { localStorage.setItem(REMEMBERED, lang); } catch { /* it is asked for again */ }
}

export class Words {
  // data: with the templates of each language, fragments of formulas, and the language, if one was asked for.
  constructor({ words, fragments, lang }) {
    this.templates = words;
    this.fragments = fragments.map(([pattern, there]) => [new RegExp(pattern, "g"), there]);
    this.lang = lang ?? remembered() ?? "en";
    if (!(this.lang in words)) this.lang = "en";
    this.writers = [];
  }

  // A key without a template is a text that is the same in every language.
  say(key, words = {}) {
    const template = this.templates[this.lang][key] ?? key;
    const said = template.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
    return said.replace(/(\p{Script=Han}) (?=\p{Script=Han})/gu, "$1");
  }

  // words: texts, and sentences of their own, as Python's Sentence has them.
  sentence({ key, words }, changed = {}) {
    const said = Object.entries({ ...words, ...changed })
      .map(([name, x]) => [name, typeof x === "string" ? x : this.sentence(x)]);
    return this.say(key, Object.fromEntries(said));
  }

  sentences(list, changed) {
    return list.map((x) => this.sentence(x, changed)).join(this.lang === "zh" ? "" : " ");
  }

  // A formula may have words in it.
  formula(text) {
    if (this.lang === "en") return text;
    return this.fragments.reduce((now, [pattern, there]) => now.replace(pattern, there), text);
  }

  // Writes a text now, and again in every other language.
  keep(write) {
    this.writers.push(write);
    write();
  }

  change() {
    this.lang = this.lang === "en" ? "zh" : "en";
    remember(this.lang);
    for (const write of this.writers) write();
  }
}

// The button names the other language in that language.
export function addLanguage(player) {
  const { words } = player;
  const change = player.button("", "language", () => {
    words.change();
    player.show();
  });
  change.classList.add("language");
  player.view.prepend(change);
  words.keep(() => {
    const there = words.lang === "en" ? "zh" : "en";
    change.textContent = { en: "English", zh: "中文" }[there];
    change.lang = there;
    change.setAttribute("aria-label", change.textContent);
    player.root.lang = { en: "en", zh: "zh-Hans" }[words.lang];
    if (!player.ownsPage || window.frameElement) return;
    document.documentElement.lang = player.root.lang;
    document.title = words.say("title", { title: player.data.title });
    const heading = document.querySelector("h1");
    if (heading) heading.textContent = document.title;
  });
}
