import { connect } from "node:net";
import { within } from "./deadline.js";

/** An answer as it came; of head and body, a character for each byte. */
export interface RawAnswer {
  readonly status: number;
  /** In order, names in lower case. */
  readonly headers: [name: string, value: string][];
  readonly body: string;
  /** Whether the server closed the connection behind it. */
  readonly closed: boolean;
}

/**
 * Writes a request of these lines on a connection of its own, byte for byte (a character for each), and reads until the server closes.
 *
 * @param until Also ends the reading: for answers behind which the connection stays open.
 */
export function rawHttp(port: number, lines: string[], body = "", until?: RegExp): Promise<RawAnswer> {
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1"));
    });
    const end = (closed: boolean) => {
      socket.destroy();
      resolve(read(text, closed));
    };
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (until?.test(text)) end(false);
    });
    socket.on("end", () => end(true));
    socket.on("error", reject);
  });
  return within(answer, lines[0] ?? "an answer");
}

function read(text: string, closed: boolean): RawAnswer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  const chunked = headers.some(([name, value]) => name === "transfer-encoding" && value === "chunked");
  const body = rest.join("\r\n\r\n");
  return { status: Number(statusLine.split(" ")[1]), headers, body: chunked ? joined(body) : body, closed };
}

/** The body of chunks. */
function joined(chunks: string): string {
  let text = "";
  let at = 0;
  for (;;) {
    const line = chunks.indexOf("\r\n", at);
    const length = Number.parseInt(chunks.slice(at, line), 16);
    if (line < 0 || !(length > 0)) return text;
    text += chunks.slice(line + 2, line + 2 + length);
    at = line + 2 + length + 2;
  }
}
