import { headersText, recordText } from "./headers-text.js";
import { isInPlaceOf, standIn } from "./stand-in.js";

/** What a response that was not looked into is made of. */
export interface ResponseParts {
  readonly status: number;
  readonly headersText: string;
  readonly body: string | Uint8Array | null;
}

const NativeResponse = globalThis.Response;
type Body = ConstructorParameters<typeof Response>[0];
type Init = ResponseInit | undefined;

/** Properties and methods that need a response of the runtime's. */
const OF_THE_RUNTIME = [
  "body",
  "bodyUsed",
  "redirected",
  "type",
  "url",
  "arrayBuffer",
  "blob",
  "bytes",
  "clone",
  "formData",
  "json",
  "text",
];

/** A body that one call can carry. */
const isSimple = (body: unknown): body is string | Uint8Array | null | undefined =>
  body === null || body === undefined || typeof body === "string" || body instanceof Uint8Array;

/**
 * A `Response` that keeps what it was made of, and becomes one of the runtime's when somebody asks for more than its status and headers:
 * making those costs more than answering the request.
 */
export class LightResponse {
  readonly #body: Body | undefined;
  readonly #init: Init;
  #headers: Headers | undefined;
  #real: Response | undefined;

  constructor(body?: Body, init?: ResponseInit) {
    this.#body = body;
    // What was given may be changed by whoever gave it.
    this.#init = init instanceof NativeResponse ? statusAndHeaders(init) : init;
    // The runtime's own refuses at once what it refuses.
    if (!isSimple(body) || !isOrdinary(this.#init)) this.#become();
  }

  get status(): number {
    return this.#real?.status ?? this.#init?.status ?? 200;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get statusText(): string {
    return this.#real?.statusText ?? this.#init?.statusText ?? "";
  }

  get headers(): Headers {
    if (this.#real) return this.#real.headers;
    if (!this.#headers) {
      this.#headers = new Headers(this.#init?.headers);
      if (typeof this.#body === "string" && !this.#headers.has("content-type")) {
        this.#headers.set("content-type", TEXT);
      }
    }
    return this.#headers;
  }

  /** What it is made of, unless somebody made a response of the runtime's of it. */
  static parts(response: unknown): ResponseParts | undefined {
    return #parts in ((response ?? {}) as object) ? (response as LightResponse).#parts() : undefined;
  }

  /** The response of the runtime's that it stands for. */
  static real(response: LightResponse): Response {
    return response.#become();
  }

  #parts(): ResponseParts | undefined {
    if (this.#real) return undefined;
    const body = this.#body as string | Uint8Array | null | undefined;
    return { status: this.status, headersText: this.#headersText(), body: body ?? null };
  }

  #headersText(): string {
    const given = this.#init?.headers;
    if (this.#headers) return headersText(this.#headers);
    if (given === undefined) return typeof this.#body === "string" ? `content-type\n${TEXT}\n` : "";
    const isRecord = !(given instanceof Headers) && !Array.isArray(given) && !(Symbol.iterator in given);
    const text = isRecord ? recordText(given as Record<string, unknown>) : undefined;
    if (text === undefined) return headersText(this.headers);
    return typeof this.#body === "string" && !text.includes("content-type\n")
      ? `${text}content-type\n${TEXT}\n`
      : text;
  }

  #become(): Response {
    if (!this.#real) {
      const headers = this.#headers ?? this.#init?.headers;
      this.#real = new NativeResponse(this.#body, { ...this.#init, ...(headers && { headers }) });
    }
    return this.#real;
  }
}

const TEXT = "text/plain;charset=UTF-8";

const statusAndHeaders = ({ status, statusText, headers }: Response): ResponseInit => ({
  ...{ status, statusText, headers },
});

/** Whether the runtime's own would take it: a status that may have a body, and text. */
function isOrdinary(init: Init): boolean {
  if (init === undefined || init === null) return true;
  const { status, statusText } = init;
  const isStatus = status === undefined || (Number.isInteger(status) && status >= 200 && status <= 599);
  const isEmpty = status === 204 || status === 205 || status === 304;
  return isStatus && !isEmpty && (statusText === undefined || statusText === "");
}

standIn(LightResponse, NativeResponse, OF_THE_RUNTIME, LightResponse.real);
// Its static functions too.
Object.setPrototypeOf(LightResponse, NativeResponse);
isInPlaceOf(LightResponse, NativeResponse);
