#include "expectations.h"

namespace {

Ended mailbox(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), MAILBOX_PROGRAM);
  return runProgram(arguments);
}

TEST(MailboxTest, SortsEachLetterAndRefusesTheOthers) {
  const Ended ended = mailbox({"--interval", "1"});
  expectSuccess(ended);
  EXPECT_EQ(ended.out,
            "letter 1 from Ada: personal\n"
            "letter 2 from power company: bills\n"
            "letter 3 refused: no sender\n"
            "letter 4 refused: it was a bomb\n"
            "letter 5 from a shop: advertising\n"
            "letter 6 from Charles: personal\n"
            "letter 7 from water company: bills\n"
            "letter 8 from another shop: advertising\n"
            "closed: 2 advertising 2 bills 2 personal 2 refused\n");
}

TEST(MailboxTest, HelpNamesTheOptions) { expectHelp(MAILBOX_PROGRAM, {"--interval"}); }

TEST(MailboxTest, RefusesWrongArguments) {
  expectRefusal(mailbox({"--interval", "0"}), 2, "--interval");
  expectRefusal(mailbox({"--interval", "often"}), 2, "--interval");
  expectRefusal(mailbox({"letter"}), 2, "letter");
}

}  // namespace
