import type { Place } from '../rooms/policy.ts'

/** Marks are members': whoever only sees a public channel has none. Neither mutes, nor archiving, nor a block keeps anybody from reading on. */
export function canMarkRead({ role }: Place): boolean {
  return role !== null
}

/** Whether members are shown to each other how far they have read: it would be a crowd's every glance. */
export function showsMarks({ memberCount }: { readonly memberCount: number }, limits: { readonly readMarksMembers: number }): boolean {
  return memberCount <= limits.readMarksMembers
}
