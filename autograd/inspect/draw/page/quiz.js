// The quiz: the number of a step is hidden, asked for, and shown when the answer is right or has been given up.
import { make } from "./elements.js";
import { numbersIn } from "./numbers.js";

// An answer may be 1 % off, or so close to 0 that nobody would write it out.
const isRight = (given, wanted) => Math.abs(given - wanted) <= Math.max(0.01 * Math.abs(wanted), 1e-9);

// A number as people type it: with a comma or a proper minus sign, or as a fraction. NaN if it is none.
export function parseAnswer(text) {
  const [over, under = "1", ...rest] = text.trim().replace(/−/g, "-").replace(",", ".").split("/");
  return over.trim() === "" || under.trim() === "" || rest.length ? NaN : Number(over) / Number(under);
}

export function addQuiz(player) {
  const quiz = new Quiz(player);
  const toggle = player.button("quiz", "switch quiz", () => {
    quiz.turn(!quiz.on);
    toggle.setAttribute("aria-pressed", String(quiz.on));
    player.show();
  });
  toggle.setAttribute("aria-pressed", String(Boolean(player.data.quiz)));
  player.view.prepend(toggle);
  player.root.insertBefore(quiz.form, player.bar);
  player.isHidden = (index) => quiz.hides(index);
  player.isSecret = (edge) => quiz.on && !player.data.steps.some((step, i) =>
    step.phase === "backward" && step.edges.includes(edge.key) && !quiz.hides(i));
  player.isGradientHidden = (key) => quiz.on && player.data.steps.some((step, i) => key in step.grads && quiz.hides(i));
  player.listeners.push(() => quiz.show());
  if (player.data.quiz) quiz.turn(true);
}

class Quiz {
  constructor(player) {
    this.player = player;
    this.on = false;
    this.done = new Set(); // steps whose numbers may be seen
    this.asked = 0;
    this.right = 0;
    this.build();
  }

  build() {
    const { player } = this;
    this.question = make("label");
    this.input = make("input", { type: "text", autocomplete: "off", spellcheck: "false", size: 12 });
    this.question.append(make("span"), this.input);
    this.check = player.button("check", "check", () => {});
    this.check.type = "submit";
    this.hint = player.button("hint", "hint", () => this.giveHint());
    this.next = player.button("skip", "skip", () => player.go(player.at + 1));
    this.feedback = make("output", { class: "feedback", "aria-live": "polite" });
    this.score = make("span", { class: "score" });
    this.form = make("form", { class: "quiz", novalidate: "" },
      this.question, this.check, this.hint, this.next, this.score, this.feedback);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.judge();
    });
    player.words.keep(() => {
      this.at = null; // what was said is not translated
      this.score.title = player.say("first try");
    });
  }

  // All that has been seen when it begins is not asked for.
  turn(on) {
    this.on = on;
    this.player.root.classList.toggle("quizzing", on);
    this.at = null;
    if (on) for (let i = 0; i < this.player.at || (i === 0 && this.player.at === 0); i++) this.done.add(i);
  }

  hides(index) {
    const { at, last } = this.player;
    if (!this.on || index < at || this.done.has(index)) return false;
    return index > at || (index !== last && this.wanted(index) !== null);
  }

  // What is asked for in a step: a number, one element of a small array, or null if nobody could say it.
  wanted(index) {
    const { player } = this;
    const step = player.data.steps[index];
    if (!step.target) return null;
    const key = step.phase === "forward" ? step.node : Object.keys(step.grads)[0];
    const numbers = numbersIn(step.phase === "forward" ? player.valueOf(key) : player.gradientOf(index, key));
    const finite = numbers.filter(({ number }) => Number.isFinite(number));
    if (!finite.length) return null;
    return { key, ...finite[(7 * index) % finite.length] }; // the same one each time
  }

  show() {
    const { player, form } = this;
    const { at } = player;
    form.hidden = !this.on;
    if (!this.on) return;
    this.score.textContent = player.say("score", { right: String(this.right), asked: String(this.asked) });
    const open = player.isHidden(at);
    const wasFocused = form.contains(document.activeElement);
    if (this.at !== at) {
      this.at = at;
      this.hints = 0;
      this.missed = false;
      this.input.value = "";
      this.feedback.textContent = "";
    }
    for (const element of [this.question, this.check, this.hint]) element.hidden = !open;
    this.next.hidden = at === player.last;
    if (open) this.question.firstChild.textContent = this.ask(at);
    if (wasFocused) (open ? this.input : this.next).focus();
  }

  ask(at) {
    const { player } = this;
    const { key, place } = this.wanted(at);
    const { name, slope } = player.data.nodes.find((node) => node.key === key);
    const kind = player.step.phase === "forward" ? "ask value" : "ask gradient";
    return player.say(place ? `${kind} at` : kind, { x: name, slope, index: place });
  }

  judge() {
    const { player } = this;
    if (!player.isHidden(player.at)) return;
    const given = parseAnswer(this.input.value);
    const { number } = this.wanted(player.at);
    if (Number.isNaN(given)) return this.tell("no number");
    if (isRight(given, number)) {
      this.finish(!this.missed);
      return this.tell("correct", { number: player.short(number) });
    }
    this.missed = true;
    const before = this.before();
    if (before && isRight(given, number - before)) return this.tell("only added", { before: player.short(before) });
    this.tell(number && isRight(-given, number) ? "other sign" : "wrong");
  }

  // What had arrived at a node before this step.
  before() {
    const { player } = this;
    const { key, place } = this.wanted(player.at);
    for (let i = player.at - 1; i >= 0; i--) {
      if (!(key in player.data.steps[i].grads)) continue;
      return numbersIn(player.gradientOf(i, key)).find((one) => one.place === place)?.number;
    }
    return 0;
  }

  finish(wasRight) {
    this.done.add(this.player.at);
    this.asked += 1;
    this.right += wasRight ? 1 : 0;
    this.player.show();
  }

  // First the rule, then its formula, then the answer, which ends the question.
  giveHint() {
    const { player } = this;
    if (!player.isHidden(player.at)) return;
    const { step } = player;
    const formula = step.formula ? `${step.target} ${player.words.formula(step.formula)}` : "";
    const rule = player.stepNote(player.at, { got: "?", d: "?", added: "?", total: "?" });
    const numbers = player.stepText(player.at).split(" = ").slice(0, -1).join(" = ");
    const hints = (step.phase === "forward" ? [formula, numbers] : [rule, formula]).filter(Boolean);
    this.hints += 1;
    if (this.hints <= hints.length) return this.tell(hints[this.hints - 1]);
    const { number } = this.wanted(player.at);
    this.finish(false);
    this.tell("the answer", { number: player.short(number) });
  }

  tell(key, words) { this.feedback.textContent = this.player.say(key, words); }
}
