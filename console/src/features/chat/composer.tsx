// Where a question is written: text that grows with what is typed, files by button, drop or paste, and what is chosen
// for this question below it.
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { ClipIcon, SendIcon, StopIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import { usePrefs } from "../../lib/prefs.ts";
import { AttachmentList } from "./attachment_list.tsx";
import { attach, useAttachments } from "./attachments.ts";
import { useOptions } from "./options.ts";
import { usePromptMenu } from "./prompt_menu.tsx";
import { ModelMenu, SearchToggle, SitesRow, ThinkToggle } from "./toggles.tsx";

const kHeightMax = 240;
const kAccepted =
  ".pdf,.docx,.xlsx,.pptx,.html,.htm,.md,.txt,.csv,.tsv,.json,.jsonl,.xml,.png,.jpg,.jpeg,.webp,.gif,.bmp,.tif,.tiff";

/** running: a stop button stands where the send button was; what is typed meanwhile waits. */
export function Composer(props: {
  draft: string;
  setDraft: (draft: string) => void;
  onSend: (text: string) => void;
  onStop: () => void;
  running: boolean;
  stopping: boolean;
  field: RefObject<HTMLTextAreaElement | null>;
}) {
  const { t } = useText();
  const { draft, setDraft, field } = props;
  const sendKey = usePrefs((state) => state.sendKey);
  const files = useAttachments((state) => state.files);
  const sites = useOptions((state) => state.sites);
  const [sitesOpen, setSitesOpen] = useState(sites.length > 0);
  const picker = useRef<HTMLInputElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows what is typed
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, kHeightMax)}px`;
  }, [draft]);
  useEffect(() => {
    // A phone's keyboard would cover the page that is to be read first.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [field]);

  const waiting = files.some((file) => file.state === "sending");
  const ready = draft.trim() !== "" && !waiting && !props.running;
  const send = () => ready && props.onSend(draft.trim());

  const prompts = usePromptMenu({ draft, setDraft, field });
  const onKeyDown = (event: KeyboardEvent) => {
    if (prompts.onKeyDown(event)) return;
    // While an input method composes, Enter chooses its word.
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    const withCtrl = event.ctrlKey || event.metaKey;
    if (withCtrl || (sendKey === "enter" && !event.shiftKey)) {
      event.preventDefault();
      send();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    attach(event.clipboardData.files);
  };

  return (
    <form
      aria-label={t("composer.label")}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="composer"
    >
      {prompts.element}
      {sitesOpen && <SitesRow onClose={() => setSitesOpen(false)} />}
      <AttachmentList />
      <textarea
        ref={field}
        rows={1}
        value={draft}
        aria-label={t("composer.field")}
        aria-autocomplete="list"
        {...prompts.aria}
        placeholder={t("composer.hint")}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        className="block w-full resize-none bg-transparent px-4 pt-3.5 pb-2 leading-6 outline-none placeholder:text-ink-faint"
      />
      <div className="flex items-center gap-1 px-2 pb-2 max-md:flex-wrap">
        <input
          ref={picker}
          type="file"
          multiple
          accept={kAccepted}
          tabIndex={-1}
          aria-hidden="true"
          className="hidden"
          onChange={(event) => {
            attach(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <button
          type="button"
          aria-label={t("files.add")}
          title={t("files.add")}
          onClick={() => picker.current?.click()}
          className="icon-button"
        >
          <ClipIcon />
        </button>
        <SearchToggle />
        <ThinkToggle />
        {!sitesOpen && (
          <button
            type="button"
            title={t("sites.add.label")}
            onClick={() => setSitesOpen(true)}
            className="toggle"
          >
            {t("sites.add")}
          </button>
        )}
        <span className="ml-auto inline-flex min-w-0 items-center gap-1.5">
          <ModelMenu />
          {props.running ? (
            <button
              type="button"
              aria-label={t("composer.stop")}
              title={t("composer.stop")}
              disabled={props.stopping}
              onClick={props.onStop}
              className="send-button"
            >
              <StopIcon />
            </button>
          ) : (
            <button
              type="submit"
              aria-label={t("composer.send")}
              title={waiting ? t("composer.waiting") : t("composer.send")}
              disabled={!ready}
              className="send-button"
            >
              <SendIcon />
            </button>
          )}
        </span>
      </div>
    </form>
  );
}
