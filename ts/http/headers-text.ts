/** Headers as the engine takes and gives them: name, value, name, value …, a line each; of a value, a character for each byte. */

/** Headers as text. */
export interface HeaderLines {
  readonly text: string;
  /** Whether one of them says what the body is. */
  readonly isTyped: boolean;
}

export function headerLines(headers: Headers): HeaderLines {
  let text = "";
  for (const [name, value] of headers) {
    if (name !== "set-cookie") text += line(name, value);
  }
  // Each cookie is a header of its own: joined by commas they could not be told apart.
  for (const cookie of headers.getSetCookie()) text += line("set-cookie", cookie);
  return { text, isTyped: headers.has("content-type") };
}

/** The same of a plain record, without making `Headers` of it; nothing where one of them has to be looked at more closely. */
export function recordLines(headers: Record<string, unknown>): HeaderLines | undefined {
  const names = Object.keys(headers);
  const lowers = names.map((name) => name.toLowerCase());
  // The same header in other letters is joined.
  if (names.length > 1 && lowers.some((lower, index) => lower !== names[index])) {
    if (new Set(lowers).size < names.length) return undefined;
  }
  let text = "";
  let isTyped = false;
  for (const [index, lower] of lowers.entries()) {
    const value = headers[names[index] as string];
    if (typeof value !== "string" || !TOKEN.test(lower) || !PLAIN.test(value)) return undefined;
    if (lower === "content-type") isTyped = true;
    text += line(lower, value);
  }
  return { text, isTyped };
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Without what `Headers` would refuse or take off. */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

const line = (name: string, value: string): string => `${name}\n${value}\n`;

/** The `Headers` of a text. */
export function readHeaders(lines: string): Headers {
  const headers = new Headers();
  const flat = lines.split("\n");
  for (let index = 0; index + 1 < flat.length; index += 2) {
    headers.append(flat[index] as string, flat[index + 1] as string);
  }
  return headers;
}

/** Makes headers what others are. */
export function copyHeaders(from: Headers, to: Headers): void {
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) {
    if (name !== "set-cookie") to.append(name, value);
  }
  for (const cookie of from.getSetCookie()) to.append("set-cookie", cookie);
}
