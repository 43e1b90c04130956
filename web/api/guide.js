/* Chooses what constrains the next token of an answer: the grammar of the whole answer, that of a call, or none. */

/**
 * @import { Grammar } from '../engine/grammar.js'
 * @import { Session } from '../engine/session.js'
 * @import { CallGrammars } from './call-grammars.js'
 * @import { OutputReader } from './outputs.js'
 *
 * answer: the grammar of the answer, which begins with the tokens `begun`; null: there is none. calls: those of calls;
 * null: nothing checks them.
 * @typedef {{ answer: Grammar | null, begun: number[], reader: OutputReader | null, calls: CallGrammars | null }} Rules
 */

export class Guide {
  #session;
  #rules;
  /** What the next tokens follow, and those that have followed it. @type {{ grammar: Grammar, ids: number[] } | null} */
  #active = null;

  /**
   * @param {Session} session
   * @param {Rules} rules
   */
  constructor(session, rules) {
    this.#session = session;
    this.#rules = rules;
    if (rules.answer && !rules.reader) this.#follow(rules.answer, rules.begun);
  }

  /** Whether a grammar constrains the next token. */
  get active() {
    return this.#active !== null;
  }

  /** Whether it is the grammar of a call, behind which the answer goes on. */
  get inCall() {
    return this.#active !== null && this.#active.grammar !== this.#rules.answer;
  }

  /**
   * @param {Grammar} grammar
   * @param {number[]} [ids]
   */
  #follow(grammar, ids = []) {
    this.#active = { grammar, ids: ids.slice() };
    this.restore();
  }

  #release() {
    this.#session.constrain(null);
    this.#active = null;
  }

  /** Constrains the session again, when it has other tokens than before. */
  restore() {
    if (this.#active) this.#session.constrain(this.#active.grammar, this.#active.ids);
  }

  /**
   * The next token, if it is not to be sampled now. Prepares the session otherwise. Call it when the session holds all
   * tokens of the answer.
   */
  next() {
    const { reader, calls } = this.#rules;
    if (this.inCall && this.#session.constraint.complete) {
      const more = calls?.next(reader?.callText ?? '');
      if (more) this.#follow(more);
      else this.#release();
    }
    if (!reader || this.#active) return undefined;
    const given = reader.next() ?? (reader.undecided ? this.#decide(reader) : undefined);
    if (given !== undefined || !calls || !reader.atCall) return given ?? reader.next();
    this.#follow(calls.first());
    reader.constrained = true;
    return undefined;
  }

  /**
   * At the start of the answer, and behind reasoning: what comes now. The model may choose between what the grammar
   * constrains and other parts of an answer.
   * @param {OutputReader} reader
   */
  #decide(reader) {
    const { answer, begun } = this.#rules;
    const asks = (answer || reader.forced) && begun.length === 0 && reader.openings.length > 0;
    const other = reader.decide(asks ? this.#session.sample() : undefined);
    if (answer && !other) this.#follow(answer, begun);
    return reader.next();
  }

  /** Whether the answer goes on although the model would end it: in its reasoning, when a grammar follows. */
  get continues() {
    const { reader, answer } = this.#rules;
    if (!reader?.thinking || (!answer && !reader.forced) || reader.ending) return false;
    reader.endThought();
    return true;
  }

  /** @param {number} id of the token that comes next */
  push(id) {
    this.#active?.ids.push(id);
  }
}
