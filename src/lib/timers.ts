/** What timers can hold: a longer time would be over at once. */
export const longestTimerMs = 2 ** 31 - 1
