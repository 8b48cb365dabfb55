import { afterEach, expect, it } from "vitest";
import { connection } from "@/live/connection";

const status = () => connection.snapshot().status;

afterEach(() => {
  if (connection.isFrozen()) connection.toggleFreeze();
  connection.socketClosed();
  connection.answered();
});

it("says offline after a request that nothing answered, and polling after the next answer", () => {
  connection.failed();
  expect(status()).toBe("offline");
  connection.answered();
  expect(status()).toBe("polling");
});

it("keeps the time of the last answer while offline", () => {
  connection.answered();
  const { lastAnswerAt } = connection.snapshot();
  connection.failed();
  expect(connection.snapshot().lastAnswerAt).toBe(lastAnswerAt);
});

it("is live only while a socket is open", () => {
  connection.answered();
  expect(status()).toBe("polling");
  connection.socketOpened();
  expect(status()).toBe("live");
  connection.socketClosed();
  expect(status()).toBe("polling");
});

it("says offline where the server wants no socket of this page", () => {
  connection.socketClosed(true);
  expect(status()).toBe("offline");
});

it("says frozen whatever the socket does, until it is asked to go on", () => {
  connection.toggleFreeze();
  connection.socketOpened();
  expect(status()).toBe("frozen");
  connection.toggleFreeze();
  expect(status()).toBe("live");
});
