import { type HeaderLines, headerLines, readHeaders, recordLines } from "./headers-text.js";
import { Stamped } from "./stamped.js";
import { putInPlaceOf, reach, type StandIns, serveLight } from "./stand-in.js";

/** What a response that was not looked into is made of. */
export interface ResponseParts {
  readonly status: number;
  readonly headersText: string;
  readonly body: string | Uint8Array | null;
}

const NativeResponse = globalThis.Response;
type Body = ConstructorParameters<typeof Response>[0];

/** Statuses whose responses have no body. */
const EMPTY = new Set([204, 205, 304]);
const TEXT = "text/plain;charset=UTF-8";
const TEXT_ALONE = `content-type\n${TEXT}\n`;

/** A body that one call can carry. */
const isSimple = (body: unknown): body is string | Uint8Array | null | undefined =>
  body === null || body === undefined || typeof body === "string" || body instanceof Uint8Array;

/**
 * Makes an object a response that keeps a copy of what it was made of, and becomes one of the runtime's if somebody asks for more than its
 * status and headers: making those costs more than answering the request. What the runtime's own refuses is refused at once.
 */
class LightResponse extends Stamped {
  #status = 200;
  #lines = "";
  #body: string | Uint8Array | null = null;
  #headers: Headers | undefined;
  #real: Response | undefined;

  /** @param type What a text is, if the headers do not say it. */
  constructor(response: object, body: unknown, init: unknown, type = TEXT) {
    super(response);
    reach(response);
    const head = isSimple(body) ? LightResponse.head(init) : undefined;
    if (!head || !isSimple(body) || (body != null && EMPTY.has(head.status))) {
      this.#real = new NativeResponse(body as Body, init as ResponseInit);
      return;
    }
    this.#status = head.status;
    this.#body = body instanceof Uint8Array ? new Uint8Array(body) : (body ?? null);
    if (typeof body !== "string" || head.isTyped) this.#lines = head.text;
    else this.#lines = head.text === "" && type === TEXT ? TEXT_ALONE : `${head.text}content-type\n${type}\n`;
  }

  static is(value: unknown): value is LightResponse {
    return typeof value === "object" && value !== null && #lines in value;
  }

  /** What it is made of, unless somebody made a response of the runtime's of it. */
  static parts(response: unknown): ResponseParts | undefined {
    if (!LightResponse.is(response) || response.#real) return undefined;
    const headersText = response.#headers ? headerLines(response.#headers).text : response.#lines;
    return { status: response.#status, headersText, body: response.#body };
  }

  static real(light: LightResponse): Response {
    if (!light.#real) {
      const headers = light.#headers ?? readHeaders(light.#lines);
      light.#real = new NativeResponse(light.#body as Body, { status: light.#status, headers });
      // Somebody has taken it away.
      if (!headers.has("content-type")) light.#real.headers.delete("content-type");
    }
    return light.#real;
  }

  static known(light: LightResponse): Headers | undefined {
    return light.#headers;
  }

  /** Status and headers that a response is to have; nothing where the runtime's own has to look at them. */
  static head(init: unknown): (HeaderLines & { readonly status: number }) | undefined {
    if (init === undefined || init === null) return PLAIN;
    if (typeof init !== "object") return undefined;
    const { status = 200, statusText = "", headers } = init as ResponseInit;
    if (!Number.isInteger(status) || status < 200 || status > 599 || statusText !== "") return undefined;
    if (headers === undefined) return status === 200 ? PLAIN : { ...PLAIN, status };
    if (headers === null) return undefined;
    const { text, isTyped } = linesOf(headers);
    return { text, isTyped, status };
  }

  static readonly own = {
    status: (light: LightResponse) => light.#real?.status ?? light.#status,
    ok: (light: LightResponse) => {
      const status = light.#real?.status ?? light.#status;
      return status >= 200 && status < 300;
    },
    statusText: (light: LightResponse) => light.#real?.statusText ?? "",
    headers: (light: LightResponse) => {
      light.#headers ??= light.#real?.headers ?? readHeaders(light.#lines);
      return light.#headers;
    },
    bodyUsed: (light: LightResponse) => light.#real?.bodyUsed ?? false,
  };
}

const PLAIN = Object.freeze({ status: 200, text: "", isTyped: false });

function linesOf(headers: NonNullable<ResponseInit["headers"]>): HeaderLines {
  if (headers instanceof Headers) return headerLines(headers);
  const isRecord = !Array.isArray(headers) && !(Symbol.iterator in headers);
  const lines = isRecord ? recordLines(headers as Record<string, unknown>) : undefined;
  return lines ?? headerLines(new Headers(headers));
}

const standIns = {
  is: LightResponse.is,
  real: LightResponse.real,
  headers: LightResponse.known,
  own: LightResponse.own,
} as unknown as StandIns<Response>;

/** What a response is made of, if it is a light one that nobody looked into. */
export const lightParts = LightResponse.parts;

/** What takes the place of the runtime's `Response`. */
export function replaceResponse(): typeof Response {
  serveLight(NativeResponse, standIns);
  const Replaced = function (this: object, body?: unknown, init?: unknown): void {
    if (new.target === undefined) Reflect.apply(NativeResponse as never, this, []);
    new LightResponse(this, body, init);
  };
  const own = {
    json(data: unknown, init?: ResponseInit): Response {
      const text = JSON.stringify(data);
      const head = LightResponse.head(init);
      if (text === undefined || !head || EMPTY.has(head.status)) return NativeResponse.json(data, init);
      const response = Object.create(NativeResponse.prototype) as Response;
      return new LightResponse(response, text, init, "application/json") as unknown as Response;
    },
  };
  putInPlaceOf(Replaced as never, NativeResponse, own);
  return Replaced as unknown as typeof Response;
}
