import { longestTimerMs } from './timers.ts'

/** Impossible configuration, in one line that says what to set. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

export interface Setting<Value> {
  readonly env: string
  readonly about: string
  /** As the documents show it. */
  readonly fallback: string
  /** Undefined: it is not set. */
  read(text: string | undefined): Value
}

export function text(env: string, fallback: string, about: string, check?: (value: string) => string | undefined): Setting<string> {
  return {
    env,
    about,
    fallback,
    read(given) {
      const value = given ?? fallback
      const complaint = check?.(value)
      if (complaint) throw new ConfigError(`${env}=${value}: ${complaint}`)
      return value
    },
  }
}

export function optional(env: string, about: string, check?: (value: string) => string | undefined): Setting<string | undefined> {
  const inner = text(env, '', about, check)
  return { ...inner, read: (given) => (given === undefined ? undefined : inner.read(given)) }
}

/** Its value shows in no complaint. */
export function secret(env: string, about: string, check: (value: string) => string | undefined): Setting<string | undefined> {
  return {
    env,
    about,
    fallback: '',
    read(given) {
      if (given === undefined) return undefined
      const complaint = check(given)
      if (complaint) throw new ConfigError(`${env}: ${complaint}`)
      return given
    },
  }
}

/** Whatever is read from a text. Its value shows in no complaint: people put secrets where they do not belong. */
export function parsed<Value>(
  env: string,
  fallback: string,
  about: string,
  parse: (value: string) => Value | undefined,
  complaint: string,
): Setting<Value> {
  return {
    env,
    about,
    fallback,
    read(given) {
      const value = parse(given ?? fallback)
      if (value === undefined) throw new ConfigError(`${env}: ${complaint}`)
      return value
    },
  }
}

export function number(env: string, fallback: number, about: string, least = 1, most = longestTimerMs): Setting<number> {
  return {
    env,
    about,
    fallback: String(fallback),
    read(given) {
      if (given === undefined) return fallback
      const value = Number(given)
      if (!Number.isInteger(value) || value < least || value > most)
        throw new ConfigError(`${env}=${given}: set a whole number from ${least} to ${most}.`)
      return value
    },
  }
}

export function list(env: string, about: string, check: (item: string) => string | undefined): Setting<readonly string[]> {
  return {
    env,
    about,
    fallback: '',
    read(given) {
      const items = (given ?? '')
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
      for (const item of items) {
        const complaint = check(item)
        if (complaint) throw new ConfigError(`${env}: ${item}: ${complaint}`)
      }
      return items
    },
  }
}

export function oneOf<const Value extends string>(env: string, values: readonly Value[], fallback: Value, about: string): Setting<Value> {
  return {
    env,
    about,
    fallback,
    read(given) {
      const value = given ?? fallback
      if (!values.includes(value as Value)) throw new ConfigError(`${env}=${value}: set one of ${values.join(', ')}.`)
      return value as Value
    },
  }
}
