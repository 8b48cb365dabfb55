import { useSyncExternalStore } from "react";
import { connection } from "@/live/connection";

export const useConnection = () => useSyncExternalStore(connection.subscribe, connection.snapshot);
