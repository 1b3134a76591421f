import type { CallRole } from "@lensai/otel-config/dialects/call-role";
import { SPAN_COLUMNS, columnIndex } from "@lensai/otel-config/span-row/columns";
import { clearRawUsage, createRawUsage } from "@lensai/otel-config/usage/usage";
import type { RawUsage } from "@lensai/otel-config/usage/usage";
import { RecordText } from "./column-values.ts";
import type { RowSink } from "./row-sink.ts";
import type { ScopeFacts } from "./scope-facts.ts";
import type { UnreadCounts } from "./unread-counts.ts";
import type { TextRange } from "./text-interner.ts";

/** What a record of telemetry is. */
export type RecordSignal = "span" | "log" | "metric";

const AGENT_NAME_COLUMN = columnIndex("agent_name");
const TOOL_NAME_COLUMN = columnIndex("tool_name");
const FINISH_REASONS_COLUMN = columnIndex("finish_reasons");
const ERROR_TYPE_COLUMN = columnIndex("error_type");
const STATUS_MESSAGE_COLUMN = columnIndex("status_message");
const NAME_COLUMN = columnIndex("span_name");
const OPERATION_COLUMN = columnIndex("operation");
const PROVIDER_COLUMN = columnIndex("provider");
const REQUEST_MODEL_COLUMN = columnIndex("request_model");
const RESPONSE_MODEL_COLUMN = columnIndex("response_model");
const SERVICE_TIER_COLUMN = columnIndex("service_tier");
const RESPONSE_ID_COLUMN = columnIndex("response_id");
const TTFT_COLUMN = columnIndex("ttft_ns");
const STREAMING_COLUMN = columnIndex("streaming");

/**
 * What is known about the record being decoded, beside its columns: what recognising, reading usage,
 * pricing and billing ask about. One object, cleared for each record.
 */
export class RecordFields {
  signal: RecordSignal = "span";
  /** Status, or an attribute of the dialect, says that it failed. */
  isError = false;
  /** The provider answered with an HTTP error: whatever else the record says, no answer began. */
  isRefused = false;
  /** A cache has answered, and no provider. */
  isFromCache = false;
  /** An exception was recorded, which alone proves nothing. */
  hasException = false;
  /** What the exception says; empty without one. */
  readonly exceptionMessage: TextRange = { view: new DataView(new ArrayBuffer(0)), from: 0, to: 0 };
  /** An event tells of a part of the answer. */
  hasAnswerEvent = false;
  startMicros = 0;
  /** When it happened as far as the producer's clock can be right: what it is priced by. */
  trustedMicros = 0;
  /** Bits of the dialects whose signs the record shows. */
  signs = 0;
  role: CallRole | undefined;
  fallbackRole: CallRole | undefined;
  isStreaming = false;
  /** A token count was sent that is no number, or not one that a call can have. */
  hasRefusedCount = false;
  /** The producer's own claim, nano-USD. */
  clientCostNano: number | undefined;
  readonly usage: RawUsage = createRawUsage();
  /** Token counts that the record has beside these. */
  readonly unread: UnreadCounts;
  readonly name: RecordText;
  readonly operation: RecordText;
  readonly provider: RecordText;
  readonly requestModel: RecordText;
  readonly responseModel: RecordText;
  readonly serviceTier: RecordText;
  readonly errorType: RecordText;
  readonly statusMessage: RecordText;
  readonly finishReasons: RecordText;
  scope: ScopeFacts;
  private readonly texts: readonly RecordText[];
  /** By column index; undefined for columns that nobody asks about. */
  private readonly textOf: ReadonlyArray<RecordText | undefined>;
  private epoch = 1;
  private readonly filled = new Uint32Array(SPAN_COLUMNS.length);

  constructor(sink: RowSink, about: { scope: ScopeFacts; unread: UnreadCounts }) {
    this.scope = about.scope;
    this.unread = about.unread;
    const textOf: (RecordText | undefined)[] = SPAN_COLUMNS.map(() => undefined);
    const known = (column: number): RecordText =>
      (textOf[column] = new RecordText(sink.internerOf(column)));
    this.name = known(NAME_COLUMN);
    this.operation = known(OPERATION_COLUMN);
    this.provider = known(PROVIDER_COLUMN);
    this.requestModel = known(REQUEST_MODEL_COLUMN);
    this.responseModel = known(RESPONSE_MODEL_COLUMN);
    this.serviceTier = known(SERVICE_TIER_COLUMN);
    this.errorType = known(ERROR_TYPE_COLUMN);
    this.statusMessage = known(STATUS_MESSAGE_COLUMN);
    this.finishReasons = known(FINISH_REASONS_COLUMN);
    this.textOf = textOf;
    this.texts = [
      this.name,
      this.operation,
      this.provider,
      this.requestModel,
      this.responseModel,
      this.serviceTier,
      this.errorType,
      this.statusMessage,
      this.finishReasons,
    ];
  }

  /** Forgets the record before. */
  begin(signal: RecordSignal): void {
    this.signal = signal;
    this.isError = false;
    this.isRefused = false;
    this.isFromCache = false;
    this.hasException = false;
    this.hasAnswerEvent = false;
    this.startMicros = 0;
    this.trustedMicros = 0;
    this.signs = 0;
    this.role = undefined;
    this.fallbackRole = undefined;
    this.isStreaming = false;
    this.hasRefusedCount = false;
    this.clientCostNano = undefined;
    this.epoch += 1;
    clearRawUsage(this.usage);
    for (const text of this.texts) text.isSet = false;
  }

  /** A column has its value. */
  noteFilled(column: number): void {
    this.filled[column] = this.epoch;
  }

  /** A column has its text, which has just been coded. */
  noteText(column: number, text: TextRange): void {
    this.filled[column] = this.epoch;
    this.textOf[column]?.set(text);
  }

  isFilled(column: number): boolean {
    return this.filled[column] === this.epoch;
  }

  get namesTool(): boolean {
    return this.isFilled(TOOL_NAME_COLUMN);
  }

  get namesAgent(): boolean {
    return this.isFilled(AGENT_NAME_COLUMN);
  }

  /** Something of an answer arrived: its id, or a first chunk. */
  get hasAnswerBegun(): boolean {
    return this.hasAnswerEvent || this.isFilled(RESPONSE_ID_COLUMN) || this.isFilled(TTFT_COLUMN);
  }

  /** A time to first chunk says that the answer was streamed, where nothing says whether it was. */
  get isImplicitStream(): boolean {
    return this.isFilled(TTFT_COLUMN) && !this.isFilled(STREAMING_COLUMN);
  }
}
