import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, deflate, gzip } from "node:zlib";
import type { IncomingRequest } from "./incoming-request.js";

/** The files that Socket.IO's server serves of its client. */
export const CLIENT_FILES: readonly string[] = ["", ".min", ".msgpack.min", ".esm.min"].flatMap((kind) => [
  `socket.io${kind}.js`,
  `socket.io${kind}.js.map`,
]);

const ENCODERS: Record<string, (content: Buffer) => Promise<Buffer>> = {
  br: promisify<Buffer, Buffer>(brotliCompress),
  gzip: promisify<Buffer, Buffer>(gzip),
  deflate: promisify<Buffer, Buffer>(deflate),
};

/** What a request for a file is answered with. Headers: name, value, name, value … */
export interface FileAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer | null;
}

/** The installed `socket.io-client`, looked for when somebody first asks. */
let installed: { readonly folder: string; readonly version: string } | undefined;

function locate(): { readonly folder: string; readonly version: string } {
  if (!installed) {
    const require = createRequire(import.meta.url);
    const path = require.resolve("socket.io-client/package.json");
    installed = { folder: join(dirname(path), "dist"), version: require(path).version };
  }
  return installed;
}

/** Files by name and encoding, each read and compressed once. */
const contents = new Map<string, Promise<Buffer>>();

function content(folder: string, name: string, encoding: string | undefined): Promise<Buffer> {
  const key = `${name} ${encoding}`;
  let found = contents.get(key);
  if (!found) {
    found =
      encoding === undefined
        ? readFile(join(folder, name))
        : content(folder, name, undefined).then((plain) => ENCODERS[encoding]?.(plain) ?? plain);
    contents.set(key, found);
    // What failed is tried again.
    found.catch(() => contents.delete(key));
  }
  return found;
}

/** Answers a request for one of the client's files. */
export async function serveClientFile(name: string, req: IncomingRequest): Promise<FileAnswer> {
  const { folder, version } = locate();
  const etag = `"${version}"`;
  const known = req.headers["if-none-match"];
  if (known === etag || known === `W/${etag}`) return { status: 304, headers: [], body: null };
  const encoding = chooseEncoding(req.headers["accept-encoding"]);
  const type = name.endsWith(".map") ? "application/json" : "application/javascript";
  const headers = ["Cache-Control", "public, max-age=0", "Content-Type", `${type}; charset=utf-8`];
  headers.push("ETag", etag, "Vary", "Accept-Encoding");
  if (encoding !== undefined) headers.push("Content-Encoding", encoding);
  return { status: 200, headers, body: await content(folder, name, encoding) };
}

/** The encoding that the client likes best; of those it likes alike, the one it names first. */
export function chooseEncoding(accepted: string | string[] | undefined): string | undefined {
  const offers = String(accepted ?? "")
    .split(",")
    .map((part, at) => {
      const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return { name, at, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    });
  const named = offers.map(({ name }) => name);
  const [best] = offers
    .map((offer) => ({
      ...offer,
      name:
        offer.name === "*" ? (Object.keys(ENCODERS).find((name) => !named.includes(name)) ?? "") : offer.name,
    }))
    .filter(({ name, quality }) => quality > 0 && (name === "identity" || Object.hasOwn(ENCODERS, name)))
    .sort((one, other) => other.quality - one.quality || one.at - other.at);
  return best && best.name !== "identity" ? best.name : undefined;
}
