import { Err, Ok, type Result } from "dialogue-rs";
import { describe, expect, it } from "vitest";

describe("Result", () => {
  it("Ok is told apart by isOk and carries the value", () => {
    const result: Result<number, string> = Ok(3);
    expect(result).toMatchObject({ type: "Ok", isOk: true, isErr: false, value: 3 });
    expect(result.expect("a number")).toBe(3);
    expect(result.unwrap().else(0)).toBe(3);
    expect(Ok().value).toBeUndefined();
  });

  it("Err is told apart by isErr and carries the error", () => {
    const result: Result<number, string> = Err("no");
    expect(result).toMatchObject({ type: "Err", isOk: false, isErr: true, error: "no" });
    expect(() => result.expect("it must work")).toThrow("it must work");
    expect(result.unwrap().else(0)).toBe(0);
  });

  it("a fallback that is a function is the fallback, and is not called", () => {
    const five = () => 5;
    const fallback: () => number = Err("no").unwrap().else(five);
    expect(fallback).toBe(five);
  });

  it("is frozen", () => {
    expect(Object.isFrozen(Ok(1))).toBe(true);
    expect(Object.isFrozen(Err(1))).toBe(true);
  });
});
