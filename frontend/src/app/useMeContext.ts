import { useOutletContext } from "react-router";
import type { Me } from "@/api/domain";

/** Who is looking; the shell has loaded it before any page. */
export const useMeContext = (): Me => useOutletContext<Me>();
