/** Mutants of what SwarmKit adds for its managers. */
import { RaftMember } from '../../../impl/reference/raft/member.ts'
import { folklore, mutant, type Mutant } from '../mutant.ts'

export const swarmkit: readonly Mutant[] = [
  mutant({
    name: 'announces-before-caught-up',
    breaks: 'raft/ready-when-caught-up',
    rule: 'A leader is announced as soon as it is elected.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isReady(): boolean {
        return this.role === 'leader'
      }
    },
  }),
  mutant({
    name: 'leader-loops-after-demotion',
    breaks: 'raft/leader-work-ends-with-leadership',
    rule: 'Who was announced as leader stays announced when it leads no more.',
    seenIn: 'moby/moby#53632',
    member: class extends RaftMember {
      protected override isReady(): boolean {
        return this.openingIndex > 0 && this.applied >= this.openingIndex
      }
    },
  }),
  mutant({
    name: 'waiting-proposals-stay',
    breaks: 'raft/lost-leadership-fails-waiting',
    rule: 'Proposals that wait when leadership is lost go on waiting.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override answerLost(): void {}
    },
  }),
  mutant({
    name: 'removed-member-is-heard',
    breaks: 'raft/removed-member-is-told',
    rule: 'Messages of a removed member are processed like any other.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override isFromRemoved(): boolean {
        return false
      }
    },
  }),
  mutant({
    name: 'removal-breaks-quorum',
    breaks: 'raft/removal-keeps-quorum',
    rule: 'A member is removed though those that remain in reach are no quorum.',
    seenIn: folklore,
    member: class extends RaftMember {
      protected override keepsReachableQuorum(): boolean {
        return true
      }
    },
  }),
]
