import { defineFact } from '../../graphql/facts.ts'
import { type AboutRoom, refersToRoom } from './events.ts'

// In the team's stream, of public channels only: the whole team hears it.

export const channelAdded = defineFact<AboutRoom>('ChannelAdded', { refersTo: refersToRoom })

/** It has another name or topic. */
export const channelUpdated = defineFact<AboutRoom>('ChannelUpdated', { refersTo: refersToRoom })

export const channelArchived = defineFact<AboutRoom>('ChannelArchived', { refersTo: refersToRoom })

export const channelUnarchived = defineFact<AboutRoom>('ChannelUnarchived', { refersTo: refersToRoom })
