import { NotFound } from "@/ui/NotFound";

export default function NotFoundPage() {
  return <NotFound what="page" to="/" back="Back to the dashboard" />;
}
