// What a query has to say while it has no data: that it waits, or why it failed, in place and with a way on.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useText } from "../i18n/index.ts";
import { Button } from "./button.tsx";
import { FailurePanel } from "./failure.tsx";

/** waiting: a sentence that says what is waited for. Data that was read before stays under the failure. */
export function Loaded<T>(props: {
  query: UseQueryResult<T>;
  waiting: string;
  children: (data: T) => ReactNode;
}) {
  const { t } = useText();
  const { data, error, isFetching, refetch } = props.query;
  return (
    <>
      {error && (
        <FailurePanel
          error={error}
          action={
            <Button onClick={() => void refetch()} disabled={isFetching}>
              {t("error.retry")}
            </Button>
          }
        />
      )}
      {data === undefined && !error && (
        <p role="status" className="text-ink-soft">
          {props.waiting}
        </p>
      )}
      {data !== undefined && props.children(data)}
    </>
  );
}
