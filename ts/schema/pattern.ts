import { Unvetted } from "./unvetted.js";

/** Flags that mean the same for printable ASCII in both engines. */
const FLAGS = /^[iu]*$/;
/** Escapes that mean the same in both engines. */
const ESCAPES = "dDwWsSbB.-/\\()[]{}*+?^$|";
/** A quantifier in braces, as both engines read it. */
const BRACES = /^\{\d+(,\d*)?\}/;
/**
 * Patterns of Zod that look ahead, which an engine of linear time cannot, and others that match the same. Email until 4.5: no dot at either
 * end of the local part and no two together, so it is parts between dots; the domain allows no two by itself.
 */
const EQUIVALENTS = new Map([
  [
    "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    "^(?:[A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+\\-]@(?:[A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
  ],
]);

/**
 * A regular expression as a pattern of JSON Schema. Only what ECMAScript and the engine's own dialect read alike, for subjects of printable
 * ASCII, is let through.
 */
export function toPattern(expression: unknown): string {
  if (!(expression instanceof RegExp)) throw new Unvetted("a format without a pattern");
  const { flags } = expression;
  const source = EQUIVALENTS.get(expression.source) ?? expression.source;
  if (!FLAGS.test(flags)) throw new Unvetted(`a pattern with flags '${flags}'`);
  if (!/^[\x20-\x7e]*$/.test(source)) throw new Unvetted("a pattern beyond printable ASCII");
  checkSource(source);
  return flags.includes("i") ? `(?i:${source})` : source;
}

/** A text as a pattern that matches it. */
export function quote(text: unknown): string {
  if (typeof text !== "string" || !/^[\x20-\x7e]*$/.test(text))
    throw new Unvetted("a text beyond printable ASCII");
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function checkSource(source: string): void {
  for (let at = 0; at < source.length; at++) {
    const character = source[at] as string;
    if (character === "\\") {
      at = afterEscape(source, at);
    } else if (character === "[") {
      at = afterClass(source, at);
    } else if (character === "{") {
      const braces = BRACES.exec(source.slice(at));
      if (!braces) throw new Unvetted("a brace that is no quantifier");
      at += braces[0].length - 1;
    } else if (character === "}" || character === "]") {
      throw new Unvetted("a closing bracket without an opening one");
    } else if (source.startsWith("(?", at) && !source.startsWith("(?:", at)) {
      throw new Unvetted("a group of a special kind");
    }
  }
}

function afterEscape(source: string, at: number): number {
  if (!ESCAPES.includes(source[at + 1] ?? "\0"))
    throw new Unvetted(`the escape '${source.slice(at, at + 2)}'`);
  return at + 1;
}

/** The end of a class. The other engine has classes in classes and operations on them. */
function afterClass(source: string, open: number): number {
  let at = open + 1;
  if (source[at] === "^") at++;
  if (source[at] === "]") throw new Unvetted("an empty class");
  for (; source[at] !== "]"; at++) {
    const two = source.slice(at, at + 2);
    // What is a boundary outside is a character here, or nothing.
    if (two === "\\b" || two === "\\B") throw new Unvetted(`the escape '${two}' in a class`);
    if (source[at] === "\\") at = afterEscape(source, at);
    else if (source[at] === "[" || two === "&&" || two === "--" || two === "~~") {
      throw new Unvetted("a class that engines read differently");
    }
  }
  return at;
}
