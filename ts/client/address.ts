import { invalidConfig } from "../errors.js";
import { text } from "../fields.js";

/** Where a server is, in the words of socket.io-client. */
export interface Address {
  /** Scheme, host and port: `http://` or `https://`. A path in it would be a namespace. */
  readonly origin: string;
  /** Where Socket.IO answers there. */
  readonly path: string;
  readonly query: Record<string, string>;
}

const DEFAULT_PATH = "/socket.io";

/** Reads `url`. A relative one is the page's, where there is a page. */
export function readAddress(value: unknown): Address {
  const given = text(value, "url");
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  const expected = `must begin with ws://, wss://, http:// or https://${page === undefined ? "" : ", or be relative to the page"}`;
  let url: URL;
  try {
    url = new URL(given, page);
  } catch {
    throw invalidConfig("url", expected);
  }
  // `http` stands for `ws`: Socket.IO begins with requests, and changes to a WebSocket by itself.
  const scheme = url.protocol.replace(/^ws/, "http");
  if (!/^https?:$/.test(scheme)) throw invalidConfig("url", expected);
  return {
    origin: `${scheme}//${url.host}`,
    path: url.pathname === "/" ? DEFAULT_PATH : url.pathname,
    query: Object.fromEntries(url.searchParams),
  };
}
