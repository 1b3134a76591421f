/** Kinds of AnyValue (opentelemetry/proto/common/v1/common.proto): the number of the oneof field. */
export const VALUE_EMPTY = 0;
export const VALUE_STRING = 1;
export const VALUE_BOOL = 2;
export const VALUE_INT = 3;
export const VALUE_DOUBLE = 4;
export const VALUE_ARRAY = 5;
export const VALUE_KVLIST = 6;
export const VALUE_BYTES = 7;

/** One decoded AnyValue; the object is reused. Ranges point into the message. */
export class AnyValue {
  kind = VALUE_EMPTY;
  from = 0;
  to = 0;
  low = 0;
  high = 0;
  double = 0;
}
