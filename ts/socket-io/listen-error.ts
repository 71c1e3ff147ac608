import { constants } from "node:os";
import * as util from "node:util";

/** The error that Node's own `listen` emits where the engine could not bind. */
export function listenError(error: unknown, host: string | undefined, port: number): unknown {
  const given = error instanceof Error && "code" in error ? error.code : undefined;
  const code = given === "PORT_IN_USE" ? "EADDRINUSE" : given;
  const [errno, text] = describe(code) ?? [];
  if (errno === undefined) return error;
  const address = host ?? "::";
  return Object.assign(new Error(`listen ${code}: ${text} ${address}${port > 0 ? `:${port}` : ""}`), {
    code,
    errno,
    syscall: "listen",
    address,
    ...(port > 0 && { port }),
  });
}

function describe(code: unknown): [errno: number, text: string] | undefined {
  // Bun has this map from 1.4 on; before that an error says what it is by its name alone.
  for (const [errno, [name, text]] of util.getSystemErrorMap?.() ?? [])
    if (name === code) return [errno, text];
  const errno = constants.errno[code as keyof typeof constants.errno];
  return errno === undefined ? undefined : [-errno, String(code)];
}
