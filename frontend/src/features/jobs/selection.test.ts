import { expect, it } from "vitest";
import { isEmpty, NOTHING, pageState, toggle, togglePage, type Selection } from "@/features/jobs/selection";

const PAGE = ["a", "b", "c", "d", "e"];
const chosen = ({ ids }: Selection) => [...ids].toSorted();
const after = (...clicks: [string, boolean?][]): Selection =>
  clicks.reduce((now, [id, range = false]) => toggle(now, PAGE, id, range), NOTHING);

it("chooses one and gives it back", () => {
  expect(chosen(after(["b"]))).toEqual(["b"]);
  expect(isEmpty(after(["b"], ["b"]))).toBe(true);
});

it.each([
  [["b"], ["d", true]],
  [["d"], ["b", true]],
] as [string, boolean?][][])("chooses a range with shift, downwards and upwards", (...clicks) => {
  expect(chosen(after(...clicks))).toEqual(["b", "c", "d"]);
});

it("gives a range back when its end was chosen", () => {
  expect(chosen(after(["a"], ["e", true], ["c"], ["e", true]))).toEqual(["a", "b"]);
});

it("chooses one where the range would begin on another page", () => {
  const elsewhere = { ids: new Set(["z"]), anchor: "z", all: false };
  expect(chosen(toggle(elsewhere, PAGE, "c", true))).toEqual(["c", "z"]);
});

it("chooses a whole page and keeps what other pages have", () => {
  const both = togglePage({ ids: new Set(["z", "a"]), anchor: null, all: false }, PAGE);
  expect(chosen(both)).toEqual([...PAGE, "z"]);
  expect(chosen(togglePage(both, PAGE))).toEqual(["z"]);
});

it("says how much of the page is chosen", () => {
  expect([NOTHING, after(["a"]), togglePage(NOTHING, PAGE)].map((one) => pageState(one, PAGE))).toEqual([
    "none",
    "some",
    "all",
  ]);
});

it("leaves all that match for all of the page but one when that one is given back", () => {
  const all = { ...togglePage(NOTHING, PAGE), all: true };
  expect(pageState(all, ["other"])).toBe("all");
  const less = toggle(all, PAGE, "b", false);
  expect([less.all, chosen(less)]).toEqual([false, ["a", "c", "d", "e"]]);
});

it("gives all that match back through the page's box", () => {
  expect(isEmpty(togglePage({ ...togglePage(NOTHING, PAGE), all: true }, PAGE))).toBe(true);
});
