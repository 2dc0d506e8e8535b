// Elements whose texts follow the language.
import { make } from "./elements.js";

// label, title: keys of templates, or texts that are the same in every language.
export function makeButton(words, label, title, action) {
  const element = make("button", { type: "button" });
  words.keep(() => {
    element.title = words.say(title);
    element.textContent = words.say(label);
    if (!/\w\w/u.test(element.textContent) && !/\p{Script=Han}/u.test(element.textContent)) {
      element.setAttribute("aria-label", element.title); // a sign is not read out
    }
  });
  element.addEventListener("click", action);
  return element;
}

export function label(player, key, ...inside) {
  const text = make("span");
  player.words.keep(() => { text.textContent = `${player.say(key)} `; });
  return make("label", {}, text, ...inside);
}

export function named(player, element, key) {
  player.words.keep(() => element.setAttribute("aria-label", player.say(key)));
  return element;
}

export function said(player, key, words = {}) {
  const text = make("p", { class: "hint" });
  const translated = () => Object.entries(words).map(([name, word]) => [name, player.words.formula(word)]);
  player.words.keep(() => { text.textContent = player.say(key, Object.fromEntries(translated())); });
  return text;
}
