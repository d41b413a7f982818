import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql'

/** Something in a schema that has a name: a type, field, argument, input field or enum value. */
export interface Place {
  /** Its type with nullability and default value, or of a type its kind. */
  shape: string
  description: string | null | undefined
  /** The coordinate of what it belongs to; none for a type. */
  parent?: string
  interfaces: string[]
}

/** A type and all within it by schema coordinate: `Room`, `Room.messages`, `Room.messages(first:)`, `RoomKind.GROUP`. */
export function coordinates(type: GraphQLNamedType): [string, Place][] {
  const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map((one) => one.name) : []
  return [[type.name, { shape: kindOf(type), description: type.description, interfaces }], ...members(type)]
}

function kindOf(type: GraphQLNamedType): string {
  const members = isUnionType(type) ? type.getTypes().map((one) => one.name) : []
  return [type.constructor.name.replace(/^GraphQL|Type$/g, ''), ...members.sort()].join(' ')
}

function members(type: GraphQLNamedType): [string, Place][] {
  if (isEnumType(type)) return type.getValues().map((value) => member(type.name, `.${value.name}`, 'value', value.description))
  if (isInputObjectType(type)) return Object.values(type.getFields()).map((field) => input(type.name, `.${field.name}`, field))
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    const coordinate = `${type.name}.${field.name}`
    const args = field.args.map((argument) => input(coordinate, `(${argument.name}:)`, argument))
    return [member(type.name, `.${field.name}`, String(field.type), field.description), ...args]
  })
}

function input(parent: string, name: string, { type, defaultValue, description }: GraphQLArgument | GraphQLInputField): [string, Place] {
  const shape = defaultValue === undefined ? String(type) : `${type} = ${JSON.stringify(defaultValue)}`
  return member(parent, name, shape, description)
}

function member(parent: string, name: string, shape: string, description: string | null | undefined): [string, Place] {
  return [parent + name, { shape, description, parent, interfaces: [] }]
}
