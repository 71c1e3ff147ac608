/** What a call of `listen` asks for. */
export interface ListenRequest {
  port: number;
  /** Absent: all interfaces. */
  host?: string;
  signal?: AbortSignal;
  callback?: () => void;
}

/** Reads the arguments of `listen` as Node does: `(port, host, backlog, callback)` with any of them left out, or options. */
export function readListenArguments(args: readonly unknown[]): ListenRequest {
  const [first, second] = args;
  const last = args.at(-1);
  const callback = typeof last === "function" ? { callback: last as () => void } : {};
  if (typeof first === "object" && first !== null) {
    const { port, host, signal, path, fd } = first as Record<string, unknown>;
    if (fd !== undefined || path !== undefined || "_handle" in first || "handle" in first) throw notAPort();
    if (port === undefined && !("port" in first)) throw invalid(first);
    return {
      port: readPort(port ?? 0),
      ...(typeof host === "string" && host !== "" && { host }),
      ...(signal instanceof AbortSignal && { signal }),
      ...callback,
    };
  }
  if (first === undefined || first === null || typeof first === "function") return { port: 0, ...callback };
  if (typeof first === "string" && !(Number(first) >= 0)) throw notAPort();
  const host = typeof second === "string" && second !== "" ? { host: second } : {};
  return { port: readPort(first), ...host, ...callback };
}

function readPort(value: unknown): number {
  const port = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if ((typeof value === "number" || typeof value === "string") && Number.isInteger(port)) {
    if (port >= 0 && port <= 65_535) return port;
  }
  const problem = `options.port should be >= 0 and < 65536. Received ${String(value)}.`;
  throw Object.assign(new RangeError(problem), { code: "ERR_SOCKET_BAD_PORT" });
}

const notAPort = (): Error =>
  Object.assign(
    new TypeError(
      "A server that dialogue-rs is attached to listens on a TCP port, not on a path or a handle",
    ),
    { code: "ERR_INVALID_ARG_VALUE" },
  );

const invalid = (options: object): Error =>
  Object.assign(
    new TypeError(
      `The argument 'options' must have the property "port". Received ${JSON.stringify(options)}`,
    ),
    { code: "ERR_INVALID_ARG_VALUE" },
  );
