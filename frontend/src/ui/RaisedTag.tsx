import { ChevronsUp } from "lucide-react";

/** Staff put this job before those of all tenants. */
export const RaisedTag = () => (
  <span
    title="Goes before the jobs of all tenants"
    className="inline-flex items-center gap-0.5 rounded-[4px] border border-line-strong px-1 text-2xs text-body"
  >
    <ChevronsUp className="size-3" aria-hidden /> raised
  </span>
);
