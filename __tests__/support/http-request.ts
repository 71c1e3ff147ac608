import { request } from "node:http";
import { request as requestSecurely } from "node:https";
import { TRUSTED } from "./certificates.js";
import { within } from "./deadline.js";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export interface HttpRequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  milliseconds?: number;
}

/** One HTTP request on a connection of its own, with any header that a test wants to send (`Origin` too, which fetch may refuse). */
export function httpRequest(url: string, options: HttpRequestOptions = {}): Promise<HttpAnswer> {
  const { method = "GET", headers = {}, body, signal, milliseconds } = options;
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    const length: Record<string, string> =
      body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const secure = url.startsWith("https:");
    const outgoing = (secure ? requestSecurely : request)(
      url,
      {
        ...(secure ? { ca: TRUSTED } : {}),
        method,
        headers: { ...length, ...headers },
        agent: false,
        ...(signal ? { signal } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
  return within(answer, `${method} ${url.slice(0, 200)}`, milliseconds);
}
