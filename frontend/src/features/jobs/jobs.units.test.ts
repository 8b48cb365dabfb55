import { describe, expect, it } from "vitest";
import { toJob } from "@/api/map";
import { countWords, filtersOf, isFiltered, NO_FILTERS } from "@/features/jobs/filters";
import { pin } from "@/features/jobs/pinned";
import { wireJob } from "@/test/cast";

describe("filters of a link", () => {
  it("are taken as they are", () => {
    const search = new URLSearchParams("status=failed&status=running&q=night&offset=50&label=env:prod");
    expect(filtersOf(search)).toMatchObject({
      status: ["failed", "running"],
      q: "night",
      offset: 50,
      label: "env:prod",
    });
  });

  it("are dropped where they make no sense", () => {
    expect(filtersOf(new URLSearchParams("status=bogus&offset=-5"))).toEqual(NO_FILTERS);
    expect(filtersOf(new URLSearchParams("offset=99999")).offset).toBe(10_000);
  });

  it("count as filters, the page does not", () => {
    expect([isFiltered({ ...NO_FILTERS, q: "x" }), isFiltered({ ...NO_FILTERS, offset: 50 })]).toEqual([true, false]);
  });
});

it("says a capped count with a plus and an unknown one not at all", () => {
  expect([countWords(10_000, true), countWords(12, false), countWords(null, false)]).toEqual(["10,000+", "12", null]);
});

describe("new rows", () => {
  const jobs = ["03", "02", "01"].map((id) => toJob(wireJob({ id })));

  it("wait until asked for", () => {
    const { rows, waiting } = pin(jobs, "02");
    expect([rows.map(({ id }) => id), waiting]).toEqual([["02", "01"], 1]);
  });

  it("are all shown at first, and when nothing else is left", () => {
    expect(pin(jobs, null).rows).toHaveLength(3);
    expect(pin(jobs, "00")).toMatchObject({ waiting: 0, rows: jobs });
  });
});
