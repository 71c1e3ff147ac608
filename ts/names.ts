/**
 * Names as the engine has them. JavaScript's strings may hold half of a surrogate pair, as a cut emoji does; the engine's are UTF-8, which
 * has no place for one, and N-API would make U+FFFD of it: two names would become one. `docs/design/binding.md` says which names are
 * written as here, and which are refused.
 */

/** Stands in front of half a character, and twice for itself. A noncharacter: texts that people exchange do not hold it. */
const MARK = "\ufdd0";
const TO_ENGINE = /\p{Surrogate}|\ufdd0/gu;
const FROM_ENGINE = /\ufdd0([\ufdd0\ue000-\ue7ff])/g;
/** From the surrogates, U+D800 to U+DFFF, to characters that the engine can hold. */
const SHIFT = 0xe000 - 0xd800;

const shifted = (unit: string, by: number): string => String.fromCharCode(unit.charCodeAt(0) + by);

/** A name for the engine: well-formed, and no other name's. */
export const toEngine = (name: string): string =>
  name.replace(TO_ENGINE, (unit) => MARK + (unit === MARK ? MARK : shifted(unit, SHIFT)));

/** The name that {@link toEngine} was given. */
export const fromEngine = (text: string): string =>
  text.includes(MARK)
    ? text.replace(FROM_ENGINE, (_, unit: string) => (unit === MARK ? MARK : shifted(unit, -SHIFT)))
    : text;

/** Names of rooms for the engine; what is no string names a room as its text does. */
export const namesToEngine = (names: Iterable<unknown>): string[] =>
  Array.from(names, (name) => toEngine(String(name)));

export const namesFromEngine = (texts: readonly string[]): string[] => texts.map(fromEngine);
