import { expect, it } from "vitest";
import { connection } from "@/live/connection";

it("says offline after a request that nothing answered, and polling after the next answer", () => {
  connection.failed();
  expect(connection.snapshot().status).toBe("offline");
  connection.answered();
  expect(connection.snapshot().status).toBe("polling");
});

it("keeps the time of the last answer while offline", () => {
  connection.answered();
  const { lastAnswerAt } = connection.snapshot();
  connection.failed();
  expect(connection.snapshot().lastAnswerAt).toBe(lastAnswerAt);
});

it("never claims to be live without a socket", () => {
  connection.answered();
  expect(connection.isLive()).toBe(false);
});
