import { getSystemErrorMap } from "node:util";

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
  for (const [errno, [name, text]] of getSystemErrorMap()) if (name === code) return [errno, text];
  return undefined;
}
