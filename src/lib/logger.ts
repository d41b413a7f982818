export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line of JSON for each thing worth knowing. Never holds credentials, contents or whole inputs. */
export type Logger = Record<LogLevel, (message: string, details?: Record<string, unknown>) => void>

/** Writes what is at least as grave as `level`. An error among the details is written with its stack and its cause. */
export function createLogger(level: LogLevel, write: (line: string) => void = (line) => process.stderr.write(line)): Logger {
  const log = (its: LogLevel) => (message: string, details?: Record<string, unknown>) => {
    if (levels.indexOf(its) < levels.indexOf(level)) return
    write(`${JSON.stringify({ at: new Date().toISOString(), level: its, message, ...details }, (_key, value) => plain(value))}\n`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (!(value instanceof Error)) return value
  return { stack: value.stack ?? `${value.name}: ${value.message}`, ...(value.cause !== undefined && { cause: value.cause }) }
}
