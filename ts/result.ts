import type { ErrResult, OkResult } from "../index.js";

/** Makes a success. */
export function Ok<T>(value: T): OkResult<T>;
export function Ok(): OkResult<void>;
export function Ok<T>(value?: T): OkResult<T | undefined> {
  return Object.freeze({
    type: "Ok",
    isOk: true,
    isErr: false,
    value,
    expect: () => value,
    unwrap: () => ({ else: () => value }),
  });
}

/** Makes a failure. */
export function Err<E>(error: E): ErrResult<E> {
  return Object.freeze({
    type: "Err",
    isOk: false,
    isErr: true,
    error,
    expect: (message: string): never => {
      throw new Error(message, { cause: error });
    },
    // The fallback as it is, also a function, which slang-ts would call: its type says so.
    unwrap: () => ({ else: <F>(fallback: F): F => fallback }),
  });
}
