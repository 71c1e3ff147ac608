/** Headers as the engine takes them: name, value, name, value …, a line each. */

/** What a header is of one connection, not of a message. */
const OF_THE_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

export function headersText(headers: Headers): string {
  let text = "";
  for (const [name, value] of headers) {
    if (name !== "set-cookie" && !OF_THE_CONNECTION.has(name)) text += line(name, value);
  }
  // Each cookie is a header of its own: joined by commas they could not be told apart.
  for (const cookie of headers.getSetCookie()) text += line("set-cookie", cookie);
  return text;
}

/** The same of a plain record, without making `Headers` of it; nothing where one of them has to be looked at more closely. */
export function recordText(headers: Record<string, unknown>): string | undefined {
  let text = "";
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    const lower = name.toLowerCase();
    if (typeof value !== "string" || !TOKEN.test(lower) || !PLAIN.test(value)) return undefined;
    if (!OF_THE_CONNECTION.has(lower)) text += line(lower, value);
  }
  return text;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Without what `Headers` would refuse or take off. */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

const line = (name: string, value: string): string => `${name}\n${value}\n`;
