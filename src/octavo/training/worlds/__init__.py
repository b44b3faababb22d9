"""Made-up worlds: things and facts about them, told and asked in many ways, the evidence of every answer known."""
