import { describe, expect, it, vi } from "vitest";
import { emptyStream, readOn, type Page } from "@/live/stream";

const pages = (...all: Page<number>[]) => {
  const read = vi.fn<(after: string | null) => Promise<Page<number>>>();
  for (const page of all) read.mockResolvedValueOnce(page);
  return read.mockResolvedValue({ items: [], after: null });
};

describe("readOn", () => {
  it("reads page after page until one is empty", async () => {
    const read = pages({ items: [1, 2], after: "2" }, { items: [3], after: "3" });
    const stream = await readOn(emptyStream<number>(), read, false);
    expect(stream).toMatchObject({ items: [1, 2, 3], after: "3", final: false });
    expect(read.mock.calls).toEqual([[null], ["2"], ["3"]]);
  });

  it("continues where the stream ended", async () => {
    const read = pages({ items: [4], after: "4" });
    const stream = await readOn({ ...emptyStream<number>(), items: [3], after: "3" }, read, false);
    expect(stream.items).toEqual([3, 4]);
    expect(read.mock.calls[0]).toEqual(["3"]);
  });

  it("ends when the cursor stands still", async () => {
    const read = pages({ items: [], after: "3" });
    await readOn({ ...emptyStream<number>(), after: "3" }, read, false);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it("is final only when it was read to its end after the job's", async () => {
    expect((await readOn(emptyStream<number>(), pages(), true)).final).toBe(true);
    const endless = () => Promise.resolve({ items: [1], after: String(Math.random()) });
    expect((await readOn(emptyStream<number>(), endless, true)).final).toBe(false);
  });

  it("lets go of the oldest above 50,000 and counts them", async () => {
    const many = Array.from({ length: 50_010 }, (_, i) => i);
    const stream = await readOn(emptyStream<number>(), pages({ items: many, after: "x" }), false);
    expect([stream.items.length, stream.items[0], stream.dropped]).toEqual([50_000, 10, 10]);
  });
});
