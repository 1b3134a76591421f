/** From here on a share of failed calls is coloured: below it, failures are everyday life with model APIs. */
const ALARMING_SHARE = 0.05;

export function isAlarming(errorCalls: number, calls: number): boolean {
  return calls > 0 && errorCalls / calls >= ALARMING_SHARE;
}
